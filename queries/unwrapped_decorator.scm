; @timed
; def work(x): ...
(decorated_definition definition: (function_definition) @callable)

; fast = timed(work)
(assignment left: (identifier) right: (call) @made)

; plain_work = work
(assignment left: (identifier) right: (identifier) @replaced)
