// The theme's buttons for printing and for the full screen, whose markup holds no code here.
document.addEventListener("click", (event) => {
  const { press } = event.target.closest?.("[data-press]")?.dataset ?? {};
  if (press === "print") window.print();
  if (press === "fullscreen") window.toggleFullScreen();
});
