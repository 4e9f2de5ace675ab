import { useStrings } from '../strings';
import { Banners } from './banners/Banners';
import { Composer } from './composer/Composer';
import { Header } from './Header';

const NO_PATH: never[] = [];

/** The page before a conversation has begun. */
export function StartView() {
  const texts = useStrings();
  return (
    <>
      <Header conversation={undefined} />
      <div className="start">
        <p className="greeting">{texts.start.greeting}</p>
        <p className="promise">{texts.start.promise}</p>
      </div>
      <Banners />
      <Composer conversationId={null} path={NO_PATH} ready />
    </>
  );
}
