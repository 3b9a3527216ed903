; class Scanner(multiprocessing.Process):
(class_definition superclasses: (argument_list)) @class
