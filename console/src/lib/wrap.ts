// wrap: a name in lines, for pictures, whose text does not wrap by itself.

// Lines of at most `letters` letters, `lines_max` of them; parted at blanks, or within a word that is longer; what does not fit ends in "…".
export function wrapped(text: string, letters: number, lines_max: number): string[] {
  const lines: string[] = [];
  let line: string[] = []; // letters, so that none is cut in two
  const words = text.split(/\s+/).filter(Boolean).map((word) => [...word]);
  for (let word of words) {
    if (line.length > 0 && line.length + 1 + word.length <= letters) { line.push(" ", ...word); continue; }
    if (line.length > 0) lines.push(line.join(""));
    for (; word.length > letters; word = word.slice(letters)) lines.push(word.slice(0, letters).join(""));
    line = word;
  }
  if (line.length > 0) lines.push(line.join(""));
  if (lines.length <= lines_max) return lines;
  const last = [...lines[lines_max - 1]!].slice(0, letters - 1).join("");
  return [...lines.slice(0, lines_max - 1), `${last}…`];
}
