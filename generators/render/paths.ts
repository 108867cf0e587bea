/**
 * The folders of the rendered tree. An Application's source path and the folder that is written both come from here.
 */
export const paths = {
  /** Manifests of one Application of an environment. */
  environment: (environment: string, application: string) => `envs/${environment}/${application}`,
  /** Applications of one parent: root, platform or an environment. */
  applications: (cluster: string, parent: string) => `argo-apps/${cluster}/${parent}`,
  /** The root Application itself, which bootstrap applies. */
  root: (cluster: string) => `argo-apps/${cluster}`,
  /** Helm values or manifests of one platform component. */
  component: (cluster: string, component: string) => `clusters/${cluster}/${component}`,
  /** Configuration of the tool that makes the cluster. */
  cluster: (cluster: string) => `clusters/${cluster}`,
} as const;
