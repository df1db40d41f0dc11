export { queries } from '../../shared/queries.ts';
