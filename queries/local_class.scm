; def main():
;     class Task: ...
(block [
  (class_definition) @class
  (decorated_definition definition: (class_definition) @class)
])
; def main():
;     Point = namedtuple("Point", "x y")
(block (expression_statement (assignment left: (identifier) right: (call) @class)))
; the classes of a __main__.py
(module [
  (class_definition) @class
  (decorated_definition definition: (class_definition) @class)
])
