; pool.apply_async(work, (queue,))
(call arguments: (argument_list)) @call
; shared["lock"] = mp.Lock()
(assignment left: (subscript)) @call
; namespace.lock = mp.Lock()
(assignment left: (attribute)) @call
