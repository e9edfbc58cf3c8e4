module.exports = {
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/src/**/*.spec.{ts,tsx}'],
  transform: {
    '^.+\\.tsx?$': [
      'ts-jest',
      { isolatedModules: true, tsconfig: { jsx: 'react', esModuleInterop: true, module: 'commonjs', target: 'ES2021' } }
    ]
  }
};
