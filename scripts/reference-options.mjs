import { Comment, Converter, ReflectionKind } from "typedoc";
import ts from "typescript";

/**
 * A plugin of TypeDoc that documents the options of the library by their help: their schemas hold it already, for the
 * command line. Comments beside it would say the same twice.
 */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (!reflection.kindOf(ReflectionKind.Property) || reflection.comment) return;
    for (const declaration of context.getSymbolFromReflection(reflection)?.declarations ?? []) {
      const help = helpOf(declaration, context.checker);
      if (help) reflection.comment = new Comment([{ kind: "text", text: `${help[0].toUpperCase()}${help.slice(1)}.` }]);
    }
  });
}

/**
 * The help in what declares an option: in the object that is given to `option`, else the text that is given to a
 * function which calls it, else that function's own.
 */
function helpOf(node, checker) {
  if (ts.isShorthandPropertyAssignment(node)) {
    const declaration = targetOf(checker.getShorthandAssignmentValueSymbol(node), checker);
    return declaration && helpOf(declaration, checker);
  }
  if (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) {
    return node.initializer && helpOf(node.initializer, checker);
  }
  if (ts.isIdentifier(node)) {
    const declaration = targetOf(checker.getSymbolAtLocation(node), checker);
    return declaration && helpOf(declaration, checker);
  }
  if (ts.isArrowFunction(node)) return helpOf(node.body, checker);
  if (!ts.isCallExpression(node)) return undefined;
  for (const argument of node.arguments) {
    if (!ts.isObjectLiteralExpression(argument)) continue;
    const help = argument.properties.find((property) => property.name?.getText() === "help");
    if (help && ts.isPropertyAssignment(help)) return textOf(help.initializer);
    if (help && ts.isShorthandPropertyAssignment(help)) return defaultOf(help, checker);
  }
  const [first] = node.arguments;
  return first ? textOf(first) : helpOf(node.expression, checker);
}

/** What declares a symbol, in the file that it is imported from. */
function targetOf(symbol, checker) {
  if (!symbol) return undefined;
  const imported = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  return (imported ? checker.getAliasedSymbol(symbol) : symbol).valueDeclaration;
}

/** The text that a parameter is where it is left out. */
function defaultOf(shorthand, checker) {
  const parameter = checker.getShorthandAssignmentValueSymbol(shorthand)?.valueDeclaration;
  return parameter && ts.isParameter(parameter) && parameter.initializer ? textOf(parameter.initializer) : undefined;
}

/** A text as it is written; what a template fills in stays its expression. */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) ? node.getText().slice(1, -1) : undefined;
}
