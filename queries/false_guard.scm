; if mp.parent_process() is None:
; if __name__ != "__main__": sys.exit()
(if_statement
  condition: (_) @condition) @guard
