// handed: a text that one way of writing an agreement hands to another.
export const handed = $state({ text: "" });
