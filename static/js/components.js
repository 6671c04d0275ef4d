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
    init() {
      this.label = this.$el.dataset.label ?? this.label;
    },
    async copy() {
      try {
        await navigator.clipboard.writeText(this.$refs.text.textContent.trim());
        this.label = "Copied";
      } catch {
        this.label = "Not copied; select the text";
      }
    },
  }));

  // Minus, number, plus; the number is a plain field that a form sends.
  Alpine.data("stepper", () => ({
    step(by) {
      const field = this.$refs.field;
      const lowest = Number(field.min || 0);
      const highest = Number(field.max || 99999);
      field.value = Math.min(Math.max(Number(field.value || 0) + by, lowest), highest);
      field.dispatchEvent(new Event("change", { bubbles: true }));
    },
    less() {
      this.step(-1);
    },
    more() {
      this.step(1);
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
