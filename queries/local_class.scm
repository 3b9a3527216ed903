; def main():
;     class Task: ...
(block [
  (class_definition) @class
  (decorated_definition definition: (class_definition) @class)
])
