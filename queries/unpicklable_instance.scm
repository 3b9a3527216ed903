; pool.map(counter.add, words)
(call arguments: (argument_list)) @call
