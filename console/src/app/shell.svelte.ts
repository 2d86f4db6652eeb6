// shell: what floats over every page: the palette and the list of keys.
class Shell {
  palette = $state(false);
  keys = $state(false);
  open_palette(): void { this.keys = false; this.palette = true; }
  open_keys(): void { this.palette = false; this.keys = true; }
  close(): boolean {
    const open = this.palette || this.keys;
    this.palette = this.keys = false;
    return open;
  }
}

export const shell = new Shell();
