from multiprocessing.managers import BaseManager
import threading
class M(BaseManager): pass
if __name__ == "__main__":
    M.register("get", callable=lambda: {"a": 1})
    m = M()
    m.start()  # trace: registry['get'][0] SP104
    print(m.get().get("a"))
    m.shutdown()
