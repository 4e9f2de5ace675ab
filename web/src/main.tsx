import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { accountParts, isEntrance } from './account/entrance';
import { installServices } from './services/services';
import { installModelCache } from './state/modelCache';
import { installSettings } from './state/settings';
import { useStore } from './state/store';
import { installTitleCache } from './state/titleCache';
import { installLanguage } from './strings';
import './styles/index.css';
import { App } from './ui/App';
import { ErrorBoundary } from './ui/ErrorBoundary';
import { installKeys } from './ui/keys';

installSettings();
if (!isEntrance) {
  installTitleCache(useStore);
  installModelCache(useStore);
  installServices();
  installKeys();
}

// English is there at once; another language comes with one more file, which is kept on the device.
await installLanguage();

const Entrance = lazy(() => accountParts().then((parts) => ({ default: parts.Entrance })));

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <ErrorBoundary>
      <Suspense>{isEntrance ? <Entrance /> : <App />}</Suspense>
    </ErrorBoundary>
  </StrictMode>,
);
