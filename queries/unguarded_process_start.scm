; pool = Pool(4)
; main()
(call
  function: [(identifier) (attribute) (call) (subscript)]) @start

; for batch in loader:
(for_statement
  right: (_) @start)

; [step(batch) for batch in loader]
(for_in_clause
  right: (_) @start)

; with SharedMemoryManager() as manager:
(with_item
  value: (_) @start)

; @run_now
(decorator) @start
