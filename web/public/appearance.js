// Runs before the first paint, so that a chosen theme never flashes the other one. The keys are those of src/state/settings.ts and src/state/localValue.ts.
(function () {
  try {
    var owner = JSON.parse(localStorage.getItem('manent.owner') || 'null');
    var settings = JSON.parse(localStorage.getItem('manent.settings' + (owner ? '@' + owner.id : '')) || '{}');
    var root = document.documentElement;
    if (settings.theme === 'light' || settings.theme === 'dark') root.dataset.theme = settings.theme;
    if (settings.textSize === 'small' || settings.textSize === 'large') root.dataset.textSize = settings.textSize;
  } catch (error) {
    // A blocked or broken local storage means the defaults.
  }
})();
