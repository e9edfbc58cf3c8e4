import js from '@eslint/js';
import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['lib', 'node_modules', 'src/api'] },
  js.configs.recommended,
  {
    files: ['scripts/**/*.mjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly' } }
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    extends: [
      ts.configs.strict,
      a11y.flatConfigs.recommended,
      hooks.configs.flat['recommended']
    ],
    rules: {
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'prefer-arrow-callback': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }]
    }
  },
  {
    // The views run in Lab and in a notebook cell alike: they know a Client, not Lab.
    files: ['src/views/**/*.{ts,tsx}'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['@jupyterlab/*', '@lumino/*'] }
      ]
    }
  }
);
