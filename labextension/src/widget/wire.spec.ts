/** @jest-environment node */
import { unpacked } from './wire';

/** A buffer as the kernel packs one. */
function packed(data: unknown): Promise<ArrayBuffer> {
  const plain = new Blob([JSON.stringify(data)]).stream();
  return new Response(
    plain.pipeThrough(new CompressionStream('gzip'))
  ).arrayBuffer();
}

test('what is packed is read from the buffer, what is not from the message', async () => {
  const data = { items: ['ü', { $float: 'NaN' }] };
  expect(await unpacked({ packed: true }, [await packed(data)])).toEqual(data);
  expect(await unpacked({ data }, [])).toBe(data);
  expect(await unpacked({ data: null }, [])).toBeUndefined();
});
