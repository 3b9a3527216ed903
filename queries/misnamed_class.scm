; Point = namedtuple("Pt", "x y")
(module
  (expression_statement
    (assignment
      left: (identifier) @name
      right: (call
        function: [(identifier) (attribute)] @maker
        arguments: (argument_list . (string) @given)))))
; Level = Enum(value="LogLevel", names="LOW HIGH")
(module
  (expression_statement
    (assignment
      left: (identifier) @name
      right: (call
        function: [(identifier) (attribute)] @maker
        arguments: (argument_list
          (keyword_argument name: (identifier) @keyword value: (string) @given))))))
