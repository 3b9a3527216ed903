; print("loading")
; log = open("run.log", "w")
(call) @effect
