; double = lambda x: 2 * x
(assignment
  left: (identifier) @name
  right: [
    (lambda) @callable
    (parenthesized_expression (lambda) @callable)
  ])
; half = staticmethod(lambda x: x / 2)
(assignment
  left: (identifier) @name
  right: (call arguments: (argument_list . (lambda) @callable .)))
