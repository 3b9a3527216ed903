; Process(target=work, args=(Lock(),))
(call arguments: (argument_list)) @call
