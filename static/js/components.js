// Small behaviours for Alpine's CSP build: templates name them in x-data, no expression is evaluated.
document.addEventListener("alpine:init", () => {
  const { Alpine } = window;

  // A password field with an eye beside it.
  Alpine.data("reveal", () => ({
    isShown: false,
    get kind() {
      return this.isShown ? "text" : "password";
    },
    get pressed() {
      return String(this.isShown);
    },
    turn() {
      this.isShown = !this.isShown;
    },
  }));

  // A text with a copy button; says whether it worked, because a clipboard may be refused.
  Alpine.data("copying", () => ({
    label: "Copy for your admin",
    async copy() {
      try {
        await navigator.clipboard.writeText(this.$refs.text.textContent.trim());
        this.label = "Copied";
      } catch {
        this.label = "Not copied; select the text";
      }
    },
  }));

  // Stays six seconds, longer while a pointer or the focus is on it.
  Alpine.data("toast", () => ({
    open: true,
    timer: 0,
    init() {
      this.leave();
    },
    stay() {
      clearTimeout(this.timer);
    },
    leave() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.close(), 6000);
    },
    close() {
      this.open = false;
    },
  }));
});
