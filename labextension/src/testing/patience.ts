/** A busy machine is slow to load what is loaded lazily: conditions are waited for, not a second. */
import { configure } from '@testing-library/react';

configure({ asyncUtilTimeout: 15_000 });
jest.setTimeout(60_000);

/** Answers of a server come when they come, as in a browser: React is not told before each. */
beforeAll(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
});

/** A warning on the console is a fault that no one has looked at. */
const said: string[] = [];
beforeEach(() => {
  said.length = 0;
  for (const kind of ['error', 'warn'] as const) {
    jest.spyOn(console, kind).mockImplementation((...words: unknown[]) => {
      said.push(words.map(String).join(' '));
    });
  }
});
afterEach(() => {
  expect(said).toEqual([]);
});
