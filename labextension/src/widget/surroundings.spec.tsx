import * as React from 'react';
import { act, fireEvent, render, screen } from '@testing-library/react';
import { isBare, isDark, useSeen } from './surroundings';

const { body } = document;

afterEach(() => {
  body.removeAttribute('style');
  body.removeAttribute('class');
  delete body.dataset.jpThemeLight;
  delete body.dataset.vscodeThemeKind;
});

test('dark as Lab says it, as VS Code says it, else by the colour behind', () => {
  const element = body.appendChild(document.createElement('div'));
  expect(isDark(element)).toBe(false);
  body.style.backgroundColor = 'rgb(20, 20, 20)';
  expect(isDark(element)).toBe(true);
  body.className = 'vscode-light';
  expect(isDark(element)).toBe(false);
  body.dataset.vscodeThemeKind = 'vscode-high-contrast';
  expect(isDark(element)).toBe(true);
  body.dataset.vscodeThemeKind = 'vscode-high-contrast-light';
  expect(isDark(element)).toBe(false);
  body.dataset.jpThemeLight = 'false';
  expect(isDark(element)).toBe(true);
  element.remove();
});

test('bare where the page has no variables of Lab', () => {
  expect(isBare(body)).toBe(true);
  body.style.setProperty('--jp-layout-color1', '#fff');
  expect(isBare(body)).toBe(false);
});

test('a page that was left counts as not seen until someone is back', () => {
  jest.useFakeTimers();
  try {
    const Probe = (): React.ReactElement => {
      const root = React.useRef<HTMLDivElement>(null);
      return <div ref={root}>{useSeen(root) ? 'seen' : 'left'}</div>;
    };
    const { unmount } = render(<Probe />);
    act(() => jest.advanceTimersByTime(9 * 60_000));
    fireEvent.keyDown(document);
    act(() => jest.advanceTimersByTime(9 * 60_000));
    expect(screen.getByText('seen')).toBeTruthy();
    act(() => jest.advanceTimersByTime(2 * 60_000));
    expect(screen.getByText('left')).toBeTruthy();
    fireEvent.keyDown(document);
    expect(screen.getByText('seen')).toBeTruthy();
    unmount();
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});
