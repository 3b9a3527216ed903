; executor.submit(work, lambda x: x, lock)
; Process(target=work, args=(lock,))
(call arguments: (argument_list)) @call
; submit(x for x in xs)
(call arguments: (generator_expression)) @call
; shared["hook"] = lambda x: x
(assignment left: (subscript)) @call
; namespace.hook = lambda x: x
(assignment left: (attribute)) @call
