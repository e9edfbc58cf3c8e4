/** A busy machine is slow to load what is loaded lazily: conditions are waited for, not a second. */
import { configure } from '@testing-library/react';

configure({ asyncUtilTimeout: 15_000 });
jest.setTimeout(60_000);
