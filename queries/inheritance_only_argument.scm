; pool.apply_async(work, (queue,))
(call arguments: (argument_list)) @call
