// In the place of the editor of code, which is large and which no panel needs.
export const loader = {config() {}};
export default () => null;
