import '../../styles/seldomShown.css';

/** Everything that is shown or needed seldom, in one file of the built page: many small ones would weigh more than they save. */
export { SignInBanner } from '../banners/SignInBanner';
export { UpdateBanner } from '../banners/UpdateBanner';
export { ItemDialog } from '../outbox/ItemDialog';
export { TrayDialog } from '../outbox/TrayDialog';
export { DemoDialog } from './DemoDialog';
export { KeysDialog } from './KeysDialog';
export { ModelDialog } from './ModelDialog';
export { SettingsDialog } from './SettingsDialog';
export { SignInDialog } from './accountParts';
export { readImage } from '../composer/readImage';
export { toNewChat } from '../outbox/toNewChat';
export { installPageUpdates } from '../pageUpdates';
