; @timed
; def work(x): ...
(decorated_definition definition: (function_definition) @callable)

; fast = timed(work)
(assignment left: (identifier) right: (call) @made)
