import * as React from 'react';
import { useState } from 'react';
import { fireEvent, render, screen } from '@testing-library/react';
import { Tabs } from './tabs';

function Three(): React.ReactElement {
  const [tab, setTab] = useState<'a' | 'b' | 'c'>('a');
  return (
    <Tabs
      label="Letters"
      tabs={[
        ['a', 'First'],
        ['b', 'Second'],
        ['c', 'Third']
      ]}
      tab={tab}
      onTab={setTab}
      className="panel"
    >
      {`this is ${tab}`}
    </Tabs>
  );
}

test('arrows open the next tab, round at the ends; only the open one is on the way of Tab', () => {
  render(<Three />);
  const panel = screen.getByRole('tabpanel', { name: 'First' });
  const press = (key: string): void => {
    fireEvent.keyDown(document.activeElement ?? document.body, { key });
  };
  screen.getByRole('tab', { name: 'First' }).focus();
  press('ArrowLeft');
  expect(document.activeElement?.textContent).toBe('Third');
  expect(panel.textContent).toBe('this is c');
  press('ArrowRight');
  press('ArrowRight');
  expect(document.activeElement?.textContent).toBe('Second');
  expect(panel.textContent).toBe('this is b');
  press('Home');
  expect(panel.textContent).toBe('this is b');
  expect(
    screen.getAllByRole('tab').map(tab => [tab.tabIndex, tab.ariaSelected])
  ).toEqual([
    [-1, 'false'],
    [0, 'true'],
    [-1, 'false']
  ]);
});
