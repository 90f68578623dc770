import ts from 'typescript'

/** One small change of a source file that some test should notice. */
export interface Mutant {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly start: number
  readonly end: number
  readonly replacement: string
  readonly what: string
}

const OPERATORS: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.QuestionQuestionEqualsToken, '='],
])

/** All mutants of a file. Types, imports and texts of messages are left alone. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
  const found: Mutant[] = []
  const add = (node: ts.Node, replacement: string, what: string): void => {
    const start = node.getStart(tree)
    found.push({ file, line: tree.getLineAndCharacterOfPosition(start).line + 1, start, end: node.getEnd(), replacement, what })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return
    if (ts.isBinaryExpression(node)) {
      const operator = OPERATORS.get(node.operatorToken.kind)
      if (operator !== undefined) add(node.operatorToken, operator, `${node.operatorToken.getText(tree)} -> ${operator}`)
    } else if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) add(node, node.operand.getText(tree), '! removed')
    else if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false', 'true -> false')
    else if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true', 'false -> true')
    else if (ts.isIfStatement(node)) add(node.expression, 'false', 'if (false)')
    else if (ts.isConditionalExpression(node)) add(node, `(${node.whenFalse.getText(tree)})`, 'first branch removed')
    else if (ts.isExpressionStatement(node) && !isSuperCall(node)) add(node, ';', 'statement removed')
    else if (ts.isReturnStatement(node) && node.expression !== undefined && ts.isBlock(node.parent)) add(node.expression, 'undefined as never', 'returns undefined')
    else if (ts.isBlock(node) && ts.isTryStatement(node.parent) && node.parent.finallyBlock === node) add(node, '{}', 'finally emptied')
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

const isSuperCall = ({ expression }: ts.ExpressionStatement): boolean => ts.isCallExpression(expression) && expression.expression.kind === ts.SyntaxKind.SuperKeyword
