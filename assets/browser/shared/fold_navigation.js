// On a phone the navigation lies over the page, and Streamlit leaves it open: it closes once a page was chosen.

const FOLD = '[data-testid="stSidebarCollapseButton"] button';

/** Watches over the navigation, from now on; once a visit. */
export function foldNavigation() {
  if (globalThis.aeVaeLabFoldsNavigation) return;
  globalThis.aeVaeLabFoldsNavigation = true;
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.('[data-testid="stSidebarNavLink"]')) document.querySelector(FOLD)?.click();
  });
}
