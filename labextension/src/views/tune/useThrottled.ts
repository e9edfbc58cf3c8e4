import { useEffect, useRef, useState } from 'react';

/** The value, renewed at most every `every` ms: for what is dear to draw. The last one always comes. */
export function useThrottled<T>(value: T, every: number): T {
  const [shown, setShown] = useState(value);
  const latest = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const before = useRef(0);
  useEffect(() => {
    latest.current = value;
    if (timer.current !== null) {
      return;
    }
    const wait = Math.max(0, before.current + every - Date.now());
    timer.current = setTimeout(() => {
      timer.current = null;
      before.current = Date.now();
      setShown(latest.current);
    }, wait);
  }, [value, every]);
  useEffect(
    () => () => {
      if (timer.current !== null) {
        clearTimeout(timer.current);
        timer.current = null;
      }
    },
    []
  );
  return shown;
}
