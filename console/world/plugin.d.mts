export declare function world(): import("vite").Plugin;
export declare function world_json(): string;
