/** How a line is drawn that values are compared with. */
export const referenceLine = { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "4 4" };

/** How its name stands at its right end. */
export function referenceName(name: string) {
  return { y: (value: number) => value, text: () => name, frameAnchor: "right", textAnchor: "start", dx: 6 } as const;
}
