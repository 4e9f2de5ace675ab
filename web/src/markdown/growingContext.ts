import { createContext } from 'react';

/** True inside of a text that is still coming. */
export const GrowingContext = createContext(false);
