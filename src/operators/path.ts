/** The beginning of the paths of the operators' API. */
export const PLATFORM_PATH = '/api/platform/v1/';
