// On a phone the page's contents open in a dialog; a tap on an entry goes there and closes it.
document.addEventListener("click", (event) => {
  event.target.closest?.('dialog a[href^="#"]')?.closest("dialog").close();
});
