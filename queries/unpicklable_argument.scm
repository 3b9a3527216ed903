; executor.submit(work, lambda x: x, lock)
; Process(target=work, args=(lock,))
(call arguments: (argument_list)) @call
; submit(x for x in xs)
(call arguments: (generator_expression)) @call
