import { OptionDefaults } from "typedoc";

/** `npm run reference`: docs/reference, of what the packages export. What is exported is documented, else it fails. */
export default {
  name: "Espalier",
  plugin: ["./scripts/reference-options.mjs"],
  entryPoints: ["packages/espalier/src/index.ts", "packages/espalier/src/node.ts", "packages/runtime/src/index.ts"],
  tsconfig: "tsconfig.json",
  out: "docs/reference",
  readme: "none",
  includeVersion: false,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  // protoc-gen-es writes it.
  modifierTags: [...OptionDefaults.modifierTags, "@generated"],
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  treatValidationWarningsAsErrors: true,
  packagesRequiringDocumentation: ["espalier", "espalier-runtime"],
  requiredToBeDocumented: ["Function", "Class", "Interface", "TypeAlias", "Variable", "Enum"],
};
