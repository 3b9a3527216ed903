; multiprocessing.set_start_method("spawn")
; freeze_support()
(call
  function: [
    (identifier) @name
    (attribute attribute: (identifier) @name)
  ]
  (#any-of? @name "set_start_method" "freeze_support")) @call
