import './account.css';

/** Everything about accounts, in one file of the built page. */
export { AccountPanel } from './AccountPanel';
export { Entrance } from './Entrance';
export { KeysPanel } from './KeysPanel';
export { keepSession } from './keepSession';
export { SignInDialog } from './SignInDialog';
