; pool.map(work, items)
(call arguments: (argument_list)) @call
