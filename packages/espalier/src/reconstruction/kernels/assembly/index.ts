export { addScaled, gram } from "./combine";
export { factor } from "./factor";
