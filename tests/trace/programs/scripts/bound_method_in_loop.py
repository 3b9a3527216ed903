import asyncio, threading
from concurrent.futures import ProcessPoolExecutor
class Client:
    def __init__(self): self._lock = threading.Lock(); self.n = 1
    def run(self, x): return x + self.n
async def main():
    c = Client()
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1) as pool:
        try:
            print(await loop.run_in_executor(pool, c.run, 3))  # trace: fn.__self__._lock SP106
        except Exception as e:
            print(type(e).__name__)
if __name__ == "__main__":
    asyncio.run(main())
