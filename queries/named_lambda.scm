; double = lambda x: 2 * x
(assignment
  left: (identifier) @name
  right: [
    (lambda) @callable
    (parenthesized_expression (lambda) @callable)
  ])
